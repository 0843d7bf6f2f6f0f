import type { Param } from './device.js';
import type { Storage } from './tensor.js';

const MAX_ENTRIES = 4096;

/**
 * Uniform buffers and bind groups by content. A rollout repeats the same launches on the same buffers block after
 * block, so after the first block nothing is created any more.
 */
export class BindingCache {
  #uniforms = new Map<string, { buffer: GPUBuffer; id: number }>();
  #groups = new Map<string, GPUBindGroup>();
  #keysOf = new Map<number, string[]>(); // by storage
  #doomed: GPUBuffer[] = [];
  #nextId = 0;

  constructor(private readonly device: GPUDevice) {}

  uniform(params: readonly Param[]): { buffer: GPUBuffer; id: number } {
    const key = params.map(({ type, value }) => `${type}${value}`).join();
    const cached = this.#uniforms.get(key);
    if (cached) return cached;
    if (this.#uniforms.size >= MAX_ENTRIES) this.clear();
    const size = Math.max(16, Math.ceil((params.length * 4) / 16) * 16);
    const buffer = this.device.createBuffer({ size, usage: 0x40 /* UNIFORM */, mappedAtCreation: true });
    const view = new DataView(buffer.getMappedRange());
    params.forEach(({ type, value }, index) => {
      if (type === 'u32') view.setUint32(index * 4, value, true);
      else view.setFloat32(index * 4, value, true);
    });
    buffer.unmap();
    const entry = { buffer, id: this.#nextId++ };
    this.#uniforms.set(key, entry);
    return entry;
  }

  /** @param storages what the group binds; those that are not pooled take their groups along when they go */
  group(
    key: string,
    layout: GPUBindGroupLayout,
    storages: readonly Storage[],
    entries: () => GPUBindGroupEntry[],
  ): GPUBindGroup {
    let group = this.#groups.get(key);
    if (!group) {
      if (this.#groups.size >= MAX_ENTRIES) this.#forgetGroups();
      group = this.device.createBindGroup({ layout, entries: entries() });
      this.#groups.set(key, group);
      for (const { id, pooled } of storages) {
        if (pooled) continue;
        const keys = this.#keysOf.get(id);
        if (keys) keys.push(key);
        else this.#keysOf.set(id, [key]);
      }
    }
    return group;
  }

  /** Forgets the groups of a storage whose buffer will not be used again. */
  forget(storage: Storage): void {
    for (const key of this.#keysOf.get(storage.id) ?? []) this.#groups.delete(key);
    this.#keysOf.delete(storage.id);
  }

  /** Forgets everything; the uniform buffers are destroyed at the next `collect`. */
  clear(): void {
    for (const { buffer } of this.#uniforms.values()) this.#doomed.push(buffer);
    this.#uniforms.clear();
    this.#forgetGroups();
  }

  /** Destroys forgotten buffers. Call after a submit. */
  collect(): void {
    for (const buffer of this.#doomed.splice(0)) buffer.destroy();
  }

  #forgetGroups(): void {
    this.#groups.clear();
    this.#keysOf.clear();
  }
}
