/**
 * The few opcodes of pickle protocol 2 that a file of tensors needs.
 * Source of the opcodes: python/cpython `Lib/pickletools.py`.
 */
export class PickleWriter {
  #parts: Buffer[] = [Buffer.from([0x80, 2])];

  /** An imported name, such as `collections OrderedDict`. */
  global(module: string, name: string): this {
    return this.#add(`c${module}\n${name}\n`);
  }

  string(text: string): this {
    const bytes = Buffer.from(text);
    const head = Buffer.alloc(5, 'X');
    head.writeUInt32LE(bytes.length, 1);
    return this.#add(head, bytes);
  }

  /** A whole number from 0 up. */
  integer(value: number): this {
    if (value < 2 ** 8) return this.#add('K', Buffer.from([value]));
    if (value < 2 ** 31) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      return this.#add('J', bytes);
    }
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return this.#add(Buffer.from([0x8a, bytes.length]), bytes);
  }

  false(): this {
    return this.#add(Buffer.from([0x89]));
  }

  /** The tuple of what `items` puts on the stack. */
  tuple(items: () => void): this {
    this.#add('(');
    items();
    return this.#add('t');
  }

  /** Calls the imported name below the tuple of arguments on the stack. */
  call(): this {
    return this.#add('R');
  }

  /** The object that the tuple on the stack names for the reader. */
  persistent(): this {
    return this.#add('Q');
  }

  emptyDictionary(): this {
    return this.#add('}');
  }

  /** An empty dictionary that keeps its order. */
  orderedDictionary(): this {
    return this.global('collections', 'OrderedDict').#add(')R');
  }

  /** Puts the keys and values that `items` puts on the stack into the dictionary below them. */
  setItems(items: () => void): this {
    this.#add('(');
    items();
    return this.#add('u');
  }

  finish(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.from('.')]);
  }

  #add(...parts: (string | Buffer)[]): this {
    this.#parts.push(...parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
    return this;
  }
}
