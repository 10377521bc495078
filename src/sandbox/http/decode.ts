/** Percent-decodes a piece of a path; what is not encoded properly stays as it came. */
export const decodePart = (part: string): string => {
  if (!part.includes("%")) return part
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
