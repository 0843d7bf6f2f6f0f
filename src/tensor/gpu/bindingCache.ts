import type { Param } from '../device.js';
import type { Storage } from '../tensor.js';
import type { Kernel } from './kernelCache.js';
import type { BoundRange } from './launchPieces.js';
import { NumbersMap } from './numbersMap.js';
import { paramWords } from './paramWords.js';

const MAX_ENTRIES = 16_384;

/**
 * Uniform buffers and bind groups by content. A rollout repeats the same launches on the same buffers block after
 * block, so after the first block nearly nothing is created any more.
 */
export class BindingCache {
  #uniforms = new Map<string, GPUBuffer>();
  #groups = new NumbersMap<GPUBindGroup>();
  #keysOf = new Map<number, number[][]>(); // by storage
  #doomed: GPUBuffer[] = [];

  constructor(private readonly device: GPUDevice) {}

  /** The bind group of a launch: its parameters, then what it reads, then its output. */
  group({ id, layout }: Kernel, params: readonly Param[], bindings: readonly BoundRange[]): GPUBindGroup {
    // The types of a kernel's parameters are its struct's, so that their values identify them.
    const key = [id];
    for (const { value } of params) key.push(value);
    for (const { tensor, offset, size } of bindings) key.push(tensor.storage.id, offset, size);
    const known = this.#groups.get(key);
    if (known) return known;

    if (this.#groups.size >= MAX_ENTRIES) this.#forgetGroups();
    const entries = bindings.map(({ tensor, offset, size }, index) => ({
      binding: index + 1,
      resource: { buffer: tensor.storage.buffer as GPUBuffer, offset, size },
    }));
    const uniform = { binding: 0, resource: { buffer: this.#uniform(params) } };
    const group = this.device.createBindGroup({ layout, entries: [uniform, ...entries] });
    this.#groups.set(key, group);
    for (const { tensor } of bindings) this.#noteUse(tensor.storage, key);
    return group;
  }

  /** Forgets the groups of a storage whose buffer will not be used again. */
  forget(storage: Storage): void {
    for (const key of this.#keysOf.get(storage.id) ?? []) this.#groups.delete(key);
    this.#keysOf.delete(storage.id);
  }

  /** Destroys forgotten buffers. Call after a submit. */
  collect(): void {
    for (const buffer of this.#doomed.splice(0)) buffer.destroy();
  }

  /** Buffers that are not pooled take their groups along when they go. */
  #noteUse({ id, pooled }: Storage, key: number[]): void {
    if (pooled) return;
    const keys = this.#keysOf.get(id);
    if (keys) keys.push(key);
    else this.#keysOf.set(id, [key]);
  }

  #uniform(params: readonly Param[]): GPUBuffer {
    const key = params.map(({ type, value }) => `${type}${value}`).join();
    const known = this.#uniforms.get(key);
    if (known) return known;
    if (this.#uniforms.size >= MAX_ENTRIES) this.#forgetUniforms();
    const words = paramWords(params);
    const size = words.byteLength;
    const buffer = this.device.createBuffer({ size, usage: 0x40 /* UNIFORM */, mappedAtCreation: true });
    new Uint32Array(buffer.getMappedRange()).set(words);
    buffer.unmap();
    this.#uniforms.set(key, buffer);
    return buffer;
  }

  /** The groups go too: they name the buffers, which are destroyed at the next `collect`. */
  #forgetUniforms(): void {
    this.#doomed.push(...this.#uniforms.values());
    this.#uniforms.clear();
    this.#forgetGroups();
  }

  #forgetGroups(): void {
    this.#groups.clear();
    this.#keysOf.clear();
  }
}
