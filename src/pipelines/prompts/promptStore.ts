/** Keeps embedded prompts between runs, by a key that stands for all that they depend on. */
export interface PromptStore {
  /** The embeddings under a key [rows, dim], or undefined where they are not there, of another shape, or damaged. */
  read(key: string, shape: readonly [number, number]): Promise<Float32Array | undefined>;
  /** Keeps embeddings under a key; says as a sentence why that was not possible, and undefined where it was. */
  write(key: string, embeds: Float32Array, shape: readonly [number, number]): Promise<string | undefined>;
}
