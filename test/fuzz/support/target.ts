import type fc from 'fast-check';

/** What inputs of a parser look like, for the mutations that suit them. */
export type InputKind = 'binary' | 'json' | 'text';

/** A parser of bytes from anywhere, as it is used. */
export interface FuzzTarget {
  readonly kind: InputKind;
  /** Sound inputs, from which mutations begin. */
  seeds(): Promise<Uint8Array[]>;
  /** Inputs by grammar: nearly sound. */
  readonly grammar?: fc.Arbitrary<Uint8Array>;
  /** What sound inputs are made of, for mutations to put somewhere. */
  readonly words?: readonly string[];
  /** Parses; what is wrong with an input is a TokenTrimError, and any other error a mistake of the parser. */
  run(bytes: Uint8Array): void | Promise<void>;
}

export const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
export const jsonOf = (value: unknown): Uint8Array => bytesOf(JSON.stringify(value));
