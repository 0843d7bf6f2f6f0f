import { Cotangents } from './cotangents.js';
import type { Backward, Device, KernelCall, Recorder } from './device.js';
import { type Storage, Tensor } from './tensor.js';

/** An op that was run, and how it is walked back. */
interface Entry {
  readonly output: Tensor;
  readonly backward: Backward;
}

/** What is known of a part that runs again: what it made, and at which of its launches. */
interface KnownResult {
  readonly launch: number;
  readonly result: Tensor;
}

type Launch = Device['launch'];
type Watch = (call: KernelCall, output: Tensor) => void;
type Gradients = ReturnType<Backward['gradients']>;

/**
 * Records what a device launches from one tensor to another, and walks it back: reverse-mode differentiation with respect
 * to activations. Only what depends on that tensor is recorded; weights, prompts and caches are constants and cost nothing.
 * What an op reads on the way back is kept until then, whatever scope it was made in, and no other tensor is.
 *
 * Of a part of a model (`checkpoint`) only the input is kept. To be walked back it is run again on a tape of its own: one
 * part's inside is held at a time. Its last launch is not run again, since what that made is still there: it is what the
 * next part was given.
 */
export class Tape implements Recorder {
  #entries: Entry[] = [];
  #dependent = new Set<Storage>();
  /** Storages that are kept, by how many entries; those that their scope has given up are freed with the last of them. */
  #kept = new Map<Storage, { entries: number; isGivenUp: boolean }>();
  #writtenRows = new Map<Storage, { from: number; to: number }[]>();
  /** Launches so far, those of an op in steps not counted. */
  #launches = 0;
  #isInSteps = false;
  /** Where it is there, launches are looked at and not recorded. */
  #watch: Watch | undefined;

  /**
   * @param add what sums two gradients
   * @param known where what is recorded was run before
   */
  constructor(
    private readonly device: Device,
    private readonly add: (a: Tensor, b: Tensor) => Tensor,
    private readonly known?: KnownResult,
  ) {}

  /** Runs `body`, whose result is to be differentiated with respect to `x`. */
  record(x: Tensor, body: (x: Tensor) => Tensor): Tensor {
    const { device } = this;
    const { launch, updateRows, free, recorder } = device;
    this.#dependent.add(x.storage);
    device.launch = (call) => this.#launch(call, (made) => launch.call(device, made));
    device.updateRows = (...rows) => {
      updateRows.apply(device, rows);
      this.#recordCopy(...rows);
    };
    device.free = (storage) => {
      const kept = this.#kept.get(storage);
      if (kept) kept.isGivenUp = true;
      else free.call(device, storage);
    };
    device.recorder = this;
    try {
      return body(x);
    } finally {
      Object.assign(device, { launch, updateRows, free, recorder });
    }
  }

  /**
   * The gradient with respect to `x` of what has `cotangent` as its gradient with respect to `result`; undefined where
   * `result` does not depend on `x`. A tape is walked back once.
   */
  walkBack(result: Tensor, cotangent: Tensor, x: Tensor): Tensor | undefined {
    const cotangents = new Cotangents(this.add, result, cotangent);
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      const { output, backward } = entry;
      const own = cotangents.take(output);
      if (own) cotangents.put(this.#gradients(backward, own), own);
      this.#release(backward.keeps);
    }
    return cotangents.take(x);
  }

  /** Frees what it keeps. */
  dispose(): void {
    for (const { backward } of this.#entries.splice(0)) this.#release(backward.keeps);
  }

  asOne(op: () => Tensor, backward: Backward): Tensor {
    if (this.#watch) return op();
    let depends = false;
    const output = this.#watching(({ reads }) => {
      depends ||= this.#depends(reads);
    }, op);
    return depends ? this.#add(output, backward) : output;
  }

  checkpoint(x: Tensor, part: (x: Tensor) => Tensor): Tensor {
    if (this.#watch || !this.#dependent.has(x.storage)) return part(x);
    const { device, add } = this;
    const first = this.#launches;
    const read = new Map<Storage, Tensor>();
    let last: Tensor | undefined;
    const result = this.#watching(
      (call, output) => {
        for (const tensor of call.reads) read.set(tensor.storage, tensor);
        last = call.output instanceof Tensor ? undefined : output;
      },
      () => device.scope(() => part(x)),
    );
    const known = last?.storage === result.storage ? { launch: this.#launches - first - 1, result } : undefined;
    return this.#add(result, {
      // What it reads and has not made itself; what it has made its scope has freed.
      keeps: [x, result, ...[...read.values()].filter(({ storage }) => !storage.freed)],
      gradients: (cotangent) => {
        const tape = new Tape(device, add, known);
        try {
          const again = tape.record(x, part);
          const gradient = tape.walkBack(again, cotangent, x);
          return gradient ? [[x, gradient]] : [];
        } finally {
          tape.dispose();
        }
      },
    });
  }

  #launch(call: KernelCall, run: Launch): Tensor {
    const launch = this.#isInSteps ? undefined : this.#launches++;
    if (this.#watch) {
      const output = run(call);
      this.#watch(call, output);
      return output;
    }
    const { kernel, reads, backward } = call;
    if (backward === 'constant' || !this.#depends(reads)) return run(call);
    if (!backward || call.output instanceof Tensor) throw new Error(`${kernel} cannot be walked back`);
    if ('inSteps' in backward) return this.#inSteps(backward.inSteps);
    const isKnown = this.known && launch === this.known.launch;
    return this.#add(isKnown ? (this.known as KnownResult).result : run(call), backward);
  }

  #depends(tensors: readonly Tensor[]): boolean {
    return tensors.some(({ storage }) => this.#dependent.has(storage));
  }

  #inSteps(steps: () => Tensor): Tensor {
    const before = this.#isInSteps;
    this.#isInSteps = true;
    try {
      return steps();
    } finally {
      this.#isInSteps = before;
    }
  }

  #watching<Result>(watch: Watch, body: () => Result): Result {
    this.#watch = watch;
    try {
      return body();
    } finally {
      this.#watch = undefined;
    }
  }

  /** Rows of a tensor that were copied into another have their part of the other's gradient. */
  #recordCopy(target: Tensor, toRow: number, source: Tensor, fromRow: number, rows: number): void {
    if (this.#watch || !this.#dependent.has(source.storage)) return;
    const written = this.#writtenRows.get(target.storage) ?? [];
    const isAgain = this.#dependent.has(target.storage);
    const overlaps = written.some(({ from, to }) => toRow < to && from < toRow + rows);
    if (overlaps || (isAgain && written.length === 0))
      throw new Error('rows that are written again cannot be walked back');
    this.#writtenRows.set(target.storage, [...written, { from: toRow, to: toRow + rows }]);
    this.#add(target, {
      keeps: [],
      gradients: (cotangent) => {
        const gradient = this.device.zeros(source.shape);
        this.device.updateRows(gradient, fromRow, cotangent, toRow, rows);
        return [[source, gradient], ...(isAgain ? [[target, cotangent] as const] : [])];
      },
    });
  }

  #add(output: Tensor, backward: Backward): Tensor {
    this.#entries.push({ output, backward });
    this.#dependent.add(output.storage);
    for (const { storage } of backward.keeps) {
      const kept = this.#kept.get(storage);
      if (kept) kept.entries++;
      else this.#kept.set(storage, { entries: 1, isGivenUp: false });
    }
    return output;
  }

  #release(keeps: readonly Tensor[]): void {
    for (const { storage } of keeps) {
      const kept = this.#kept.get(storage);
      if (!kept) continue;
      kept.entries -= 1;
      if (kept.entries > 0) continue;
      this.#kept.delete(storage);
      if (kept.isGivenUp) this.device.free(storage);
    }
  }

  /** Those that are asked for: an op may know more. */
  #gradients({ gradients }: Backward, cotangent: Tensor): Gradients {
    const needs = ({ storage }: Tensor) => this.#dependent.has(storage);
    return this.device.scope(() => gradients(cotangent, needs).filter(([input]) => needs(input)));
  }
}
