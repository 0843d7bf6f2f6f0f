/**
 * Where the state of a run lies: a folder, or memory in a test. Names are plain: letters, digits, hyphens. What is damaged
 * in it is found out by who reads (`unpackData`); a store only has to keep its word on when bytes are safe.
 */
export interface StateStore {
  /** How errors name it. */
  readonly label: string;
  names(): Promise<readonly string[]>;
  /** All of a file; undefined where there is none, or it is larger than a state's can be. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** So many bytes of a file from a place on; fewer where it ends. */
  readAt(name: string, position: number, length: number): Promise<Uint8Array>;
  /** Writes a file as a whole or not at all; when this resolves it is safe from a loss of power. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Cuts a file back to `position` and goes on there; safe when this resolves, and what was before is never touched. */
  append(name: string, position: number, bytes: Uint8Array): Promise<void>;
  /** Nothing where there is none. */
  remove(name: string): Promise<void>;
}
