export const templateName = "funil_modelo"

/** The same server, another database. */
export const databaseNamed = (url: string, name: string): string => {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
