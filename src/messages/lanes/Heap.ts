/** What stands in a heap knows where it stands, so that it can be taken out of the middle. -1: in none. */
export interface Heaped {
  heapIndex: number
}

/** A binary heap; an item stands in at most one. */
export class Heap<T extends Heaped> {
  readonly #before: (a: T, b: T) => boolean
  readonly #items: Array<T> = []

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  items(): ReadonlyArray<T> {
    return this.#items
  }

  push(item: T): void {
    this.#put(item, this.#items.length)
    this.#up(item)
  }

  pop(): T | undefined {
    const first = this.#items[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  remove(item: T): void {
    const index = item.heapIndex
    const last = this.#items.pop()
    item.heapIndex = -1
    if (last === undefined || last === item) return
    this.#put(last, index)
    this.moved(last)
  }

  /** To be called when what the order goes by has changed for this item. */
  moved(item: T): void {
    this.#up(item)
    this.#down(item)
  }

  #put(item: T, index: number): void {
    this.#items[index] = item
    item.heapIndex = index
  }

  #up(item: T): void {
    while (item.heapIndex > 0) {
      const index = item.heapIndex
      const parent = this.#items[(index - 1) >> 1] as T
      if (!this.#before(item, parent)) return
      this.#put(item, parent.heapIndex)
      this.#put(parent, index)
    }
  }

  #down(item: T): void {
    for (;;) {
      const index = item.heapIndex
      const left = this.#items[2 * index + 1]
      const right = this.#items[2 * index + 2]
      const child = right !== undefined && left !== undefined && this.#before(right, left) ? right : left
      if (child === undefined || !this.#before(child, item)) return
      this.#put(item, child.heapIndex)
      this.#put(child, index)
    }
  }
}
