/** JavaScript, each piece on the line of the WGSL that it stands for. */
export class Lines {
  #text = '';
  #line = 1;

  /** Puts code on a line, or on the one before it is on already. */
  put(line: number | undefined, code: string): void {
    for (; line !== undefined && this.#line < line; this.#line++) this.#text += '\n';
    this.#text += `${code} `;
  }

  get text(): string {
    return this.#text;
  }
}
