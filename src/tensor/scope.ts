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

  get isOpen(): boolean {
    return this.#open.length > 0;
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
      visitTensors(result, ({ storage }) => kept.add(storage));
      for (const storage of made) {
        if (kept.has(storage)) this.track(storage);
        else free(storage);
      }
    }
  }
}

/** Frees every tensor found in `value`: a model's weights, say. */
export function disposeAll(value: unknown): void {
  visitTensors(value, (tensor) => tensor.dispose());
}

/** Visits a tensor, or those in an array or a plain object, however deep. */
function visitTensors(value: unknown, visit: (tensor: Tensor) => void): void {
  if (value instanceof Tensor) visit(value);
  else if (Array.isArray(value)) for (const item of value) visitTensors(item, visit);
  else if (isPlainObject(value)) for (const item of Object.values(value)) visitTensors(item, visit);
}

function isPlainObject(value: unknown): value is object {
  return value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * Passes a tensor through one layer after another, freeing what each made, its input included, when the next is done:
 * a deep model needs the memory of one layer. Where launches are recorded, of each layer the input is kept.
 */
export function foldScoped<Item>(
  initial: Tensor,
  items: readonly Item[],
  body: (current: Tensor, item: Item, index: number) => Tensor,
): Tensor {
  return items.reduce((current, item, index) => {
    const { device } = current;
    const layer = (x: Tensor) => device.scope(() => body(x, item, index));
    const next = device.recorder ? device.recorder.checkpoint(current, layer) : layer(current);
    if (next.storage !== current.storage) current.dispose();
    return next;
  }, initial);
}

/** Tensors that are freed together: what a rollout makes for one block outlives scopes but not the block. */
export class Arena {
  #tensors: Tensor[] = [];

  keep<Kept extends Tensor>(tensor: Kept): Kept {
    this.#tensors.push(tensor);
    return tensor;
  }

  /** Every tensor found in `value` that it does not hold yet. */
  keepAll<Kept>(value: Kept): Kept {
    visitTensors(value, (tensor) => {
      if (!this.#tensors.some(({ storage }) => storage === tensor.storage)) this.#tensors.push(tensor);
    });
    return value;
  }

  /** How many tensors it holds: a mark to free back to. */
  get size(): number {
    return this.#tensors.length;
  }

  /** Frees what was kept since it held `mark` tensors; everything, without one. */
  free(mark = 0): void {
    for (const tensor of this.#tensors.splice(mark)) tensor.dispose();
  }
}
