interface Entry<Value> {
  readonly key: readonly number[];
  readonly value: Value;
}

/** A map whose keys are lists of numbers, equal by content. Looking one up makes no text of it. */
export class NumbersMap<Value> {
  #buckets = new Map<number, Entry<Value>[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: readonly number[]): Value | undefined {
    return this.#buckets.get(hashOf(key))?.find((entry) => isEqual(entry.key, key))?.value;
  }

  /** @param key is kept as it is: it must not change */
  set(key: readonly number[], value: Value): void {
    this.delete(key);
    const hash = hashOf(key);
    const bucket = this.#buckets.get(hash);
    if (bucket) bucket.push({ key, value });
    else this.#buckets.set(hash, [{ key, value }]);
    this.#size++;
  }

  delete(key: readonly number[]): void {
    const hash = hashOf(key);
    const bucket = this.#buckets.get(hash);
    const index = bucket?.findIndex((entry) => isEqual(entry.key, key)) ?? -1;
    if (!bucket || index < 0) return;
    this.#size--;
    if (bucket.length > 1) bucket.splice(index, 1);
    else this.#buckets.delete(hash);
  }

  clear(): void {
    this.#buckets.clear();
    this.#size = 0;
  }
}

/** FNV-1a over whole numbers; fractions only make lists collide, which `isEqual` sorts out. */
function hashOf(key: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key[index], 0x01000193);
  return hash;
}

function isEqual(left: readonly number[], right: readonly number[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}
