/** What a run shows of a kernel that no adapter would say. */
export type FindingKind =
  /** Two invocations touch one element, at least one of them writes, and nothing orders them. */
  | 'race'
  /** An index past the end of an array or of what is bound: drivers clamp it, or leave the access out. */
  | 'outside'
  /** A barrier or an operation of a subgroup that not all of its invocations come to. */
  | 'divergence';

export interface Finding {
  readonly kind: FindingKind;
  /** Of the WGSL, from 1. */
  readonly line: number;
  /** What happened, beginning with file and line. */
  readonly text: string;
  /** How often. */
  count: number;
}

/** Collects what runs show, each thing once. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  constructor(readonly file: string) {}

  /** @param line where it is seen; `other` where the other access was */
  note(kind: FindingKind, line: number, what: string): void {
    const text = `${this.file}:${line}: ${what}`;
    const known = this.#found.get(text);
    if (known) known.count++;
    else this.#found.set(text, { kind, line, text, count: 1 });
  }

  get all(): readonly Finding[] {
    return [...this.#found.values()];
  }
}
