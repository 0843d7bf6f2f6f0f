import { WgslError } from '../wgslError.js';
import { type Token, tokenize } from './tokens.js';

/** The words of a file, read from the first to the last. */
export class Words {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(
    text: string,
    readonly file: string,
  ) {
    this.#tokens = tokenize(text, file);
  }

  /** The next word, or one some words after it. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)];
  }

  get line(): number {
    return this.peek().line;
  }

  isNext(text: string, ahead = 0): boolean {
    const { kind, text: found } = this.peek(ahead);
    return found === text && (kind === 'symbol' || kind === 'name');
  }

  take(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  /** Takes the next word where it is this one. */
  takeIf(text: string): boolean {
    const isNext = this.isNext(text);
    if (isNext) this.#next++;
    return isNext;
  }

  expect(text: string): void {
    if (!this.takeIf(text)) this.fail(`"${text}"`);
  }

  takeName(): string {
    if (this.peek().kind !== 'name') this.fail('a name');
    return this.take().text;
  }

  /** The symbol that stands next, with those that begin with `>` put together. */
  operator(): string {
    const { kind, text, at } = this.peek();
    if (kind !== 'symbol') return '';
    if (text !== '>') return text;
    let whole = text;
    for (let ahead = 1; ahead <= 2; ahead++) {
      const next = this.peek(ahead);
      const follows = next.at === at + ahead && (next.text === '>' || next.text === '=') && !whole.endsWith('=');
      if (!follows) break;
      whole += next.text;
    }
    return ['>', '>=', '>>', '>>='].includes(whole) ? whole : text;
  }

  /** Takes a symbol as `operator` gave it. */
  takeOperator(operator: string): void {
    this.#next += operator.startsWith('>') ? operator.length : 1;
  }

  /** What stands between here and a closing symbol, separated by commas, of which one may follow the last. */
  list<Item>(close: string, item: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.takeIf(close)) {
      items.push(item());
      if (this.takeIf(',')) continue;
      this.expect(close);
      break;
    }
    return items;
  }

  fail(expected: string): never {
    throw new WgslError(this.file, this.line, `expected ${expected}, found "${this.peek().text}"`);
  }
}
