import { createHash } from 'node:crypto';

/** The digest of no pictures. */
const NONE = createHash('sha256').digest('hex');

/** More than the frames that a mark may lie behind the newest. */
const REMEMBERED = 64;

/**
 * SHA-256 over pictures in their order, one at a time: that of the digest so far, as 32 bytes, and the picture's red, green
 * and blue. A run that goes on needs no more than the digest of those before.
 */
export class PictureDigest {
  #frames: number;
  #newest: string[];

  constructor(frames = 0, sha256 = NONE) {
    this.#frames = frames;
    this.#newest = [sha256];
  }

  get frames(): number {
    return this.#frames;
  }

  get sha256(): string {
    return this.at(this.#frames) as string;
  }

  /** @param rgba [height, width, 4] */
  add(rgba: Uint8Array): void {
    const rgb = new Uint8Array((rgba.length / 4) * 3);
    for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
      rgb[to] = rgba[from];
      rgb[to + 1] = rgba[from + 1];
      rgb[to + 2] = rgba[from + 2];
    }
    this.#newest.push(createHash('sha256').update(this.sha256, 'hex').update(rgb).digest('hex'));
    if (this.#newest.length > REMEMBERED) this.#newest.shift();
    this.#frames++;
  }

  /** The digest of the first `frames` pictures; undefined where that was too long ago. */
  at(frames: number): string | undefined {
    return this.#newest.at(frames - this.#frames - 1);
  }
}
