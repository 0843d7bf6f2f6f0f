import { TokenTrimError } from '../errors.js';
import { type Storage, Tensor } from './tensor.js';

/**
 * Which storages the scopes that are open now have made. Scopes are synchronous, so they nest like calls and no await
 * can interleave two of them; a tensor made outside every scope lives until `dispose`.
 */
export class ScopeStack {
  #open: Set<Storage>[] = [];

  /** Remembers a storage made just now. */
  track(storage: Storage): void {
    this.#open.at(-1)?.add(storage);
  }

  run<Result>(body: () => Result, free: (storage: Storage) => void): Result {
    const made = new Set<Storage>();
    this.#open.push(made);
    let result: Result | undefined;
    try {
      result = body();
      if (result instanceof Promise) throw new TokenTrimError('scope: the body must be synchronous, found a promise');
      return result;
    } finally {
      this.#open.pop();
      const kept = new Set<Storage>();
      collectStorages(result, kept);
      for (const storage of made) {
        if (kept.has(storage)) this.track(storage);
        else free(storage);
      }
    }
  }
}

function collectStorages(value: unknown, found: Set<Storage>): void {
  if (value instanceof Tensor) found.add(value.storage);
  else if (Array.isArray(value)) for (const item of value) collectStorages(item, found);
  else if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collectStorages(item, found);
  }
}

/** Tensors that are freed together: what a rollout makes for one block outlives scopes but not the block. */
export class Arena {
  #tensors: Tensor[] = [];

  keep<Kept extends Tensor>(tensor: Kept): Kept {
    this.#tensors.push(tensor);
    return tensor;
  }

  free(): void {
    for (const tensor of this.#tensors.splice(0)) tensor.dispose();
  }
}
