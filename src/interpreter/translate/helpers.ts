/**
 * Functions that the code of a kernel calls: what WGSL does to vectors, written out for a size and a type. They are
 * declared behind the kernel's last line, so that its own lines stay where they are.
 */
export class Helpers {
  readonly #texts = new Map<string, string>();

  /** Declares a function, unless it is there. */
  declare(name: string, text: () => string): string {
    if (!this.#texts.has(name)) this.#texts.set(name, text());
    return name;
  }

  /**
   * A function that does the same to every lane of its arguments.
   * @param size of the vectors; 0 where all arguments are scalars
   * @param isVector which arguments are vectors; a scalar meets every lane
   * @param lane code for one lane, of code for its arguments
   */
  lanes(name: string, size: number, isVector: readonly boolean[], lane: (given: readonly string[]) => string): string {
    const shape = size === 0 ? 'x'.repeat(isVector.length) : isVector.map((is) => (is ? 'v' : 's')).join('');
    return this.declare(`$${name}_${size}${shape}`, () => {
      const names = isVector.map((_, index) => 'abcdef'[index]);
      const at = (place: number) => lane(names.map((given, index) => (isVector[index] ? `${given}[${place}]` : given)));
      const body = size === 0 ? lane(names) : `[${Array.from({ length: size }, (_, place) => at(place)).join(', ')}]`;
      return `(${names.join(', ')}) { return ${body}; }`;
    });
  }

  get text(): string {
    return [...this.#texts].map(([name, text]) => `function ${name}${text}`).join('\n');
  }
}
