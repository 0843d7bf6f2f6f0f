import type { MemoryStats } from './device.js';
import { ScopeStack } from './scope.js';
import type { Storage } from './tensor.js';

/** The books of a device whose tensors lie on the host: what is held, and which scope frees it. */
export class HostStorages {
  #scopes = new ScopeStack();
  #nextId = 1;
  #count = 0;
  #bytes = 0;
  #peakBytes = 0;

  get memory(): MemoryStats {
    return { buffers: this.#count, bytes: this.#bytes, peakBytes: this.#peakBytes, liveStorages: this.#count };
  }

  /** Takes values into the books. */
  add<Held extends object>(held: Held, byteLength: number): Storage & Held {
    const storage = { ...held, byteLength, id: this.#nextId++, pooled: false, freed: false };
    this.#count++;
    this.#bytes += byteLength;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    this.#scopes.track(storage);
    return storage;
  }

  /** @param free the device's own, which may do more than take a storage out of the books */
  scope<Result>(body: () => Result, free: (storage: Storage) => void): Result {
    return this.#scopes.run(body, free);
  }

  free(storage: Storage): void {
    if (storage.freed) return;
    storage.freed = true;
    this.#count--;
    this.#bytes -= storage.byteLength;
  }
}
