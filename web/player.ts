import type { Plan } from '../src/web/index.js';
import { byId } from './dom.js';
import type { Picture } from './runState.js';

/** A canvas kept by the processor, where its pictures are; one that a graphics card keeps takes longer to begin with. */
const contextOf = (canvas: HTMLCanvasElement) => canvas.getContext('2d', { willReadFrequently: true });

/** Draws a picture at its own size; the page's styles scale it. */
export function draw(canvas: HTMLCanvasElement, { width, height, rgba }: Picture): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pixels = new ImageData(new Uint8ClampedArray(rgba), width, height);
  contextOf(canvas)?.putImageData(pixels, 0, 0);
}

/**
 * Plays pictures while they arrive: at the end of what there is it waits, or begins anew where no more will come. Who
 * prefers less motion starts it by hand.
 */
export class Player {
  #canvas = byId<HTMLCanvasElement>('canvas');
  #play = byId<HTMLButtonElement>('play');
  #scrub = byId<HTMLInputElement>('scrub');
  #pictures: readonly Picture[] = [];
  #fps = 16;
  #planned = 0;
  #isPlaying = false;
  #isWhole = false;
  #shown = -1;
  #position = 0; // in pictures, with the fraction of time that has passed
  #last = 0; // when the latest frame of the page was drawn

  /** @param onPicture told of each picture that is shown */
  constructor(private readonly onPicture: (index: number) => void) {
    this.#play.onclick = () => this.toggle();
    this.#scrub.oninput = () => {
      this.#setPlaying(false);
      this.seek(this.#scrub.valueAsNumber);
    };
  }

  /** A new video: its pictures are added to the list while it plays. */
  begin(pictures: readonly Picture[]): void {
    this.#pictures = pictures;
    this.#planned = 0;
    this.#isWhole = false;
    this.#shown = -1;
    this.#position = 0;
    byId('blank').hidden = false;
    contextOf(this.#canvas)?.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#canvas.setAttribute('aria-label', 'The video: no picture yet');
    this.#setPlaying(!matchMedia('(prefers-reduced-motion: reduce)').matches);
    this.#label();
  }

  /** The video that will come: its size, its pictures a second, and how many there will be. */
  expect({ pixel, fps, shown }: Pick<Plan, 'pixel' | 'fps' | 'shown'>): void {
    byId('pic').style.aspectRatio = `${pixel.width} / ${pixel.height}`;
    this.#fps = fps;
    this.#planned = shown.count;
    this.#label();
  }

  /** Pictures have come. */
  grow(): void {
    const count = this.#pictures.length;
    byId('blank').hidden = count > 0;
    this.#play.disabled = this.#scrub.disabled = count === 0;
    this.#scrub.max = String(Math.max(this.#planned, count) - 1);
    this.#scrub.style.setProperty('--loaded', `${(100 * count) / Math.max(this.#planned, count, 1)}%`);
    if (this.#shown < 0 && count > 0) this.#show(0);
    this.#label();
  }

  /** No more will come. */
  end(): void {
    this.#isWhole = true;
    this.#planned = this.#pictures.length;
    this.grow();
  }

  seek(index: number): void {
    const last = this.#pictures.length - 1;
    if (last < 0) return;
    this.#position = Math.max(0, Math.min(index, last));
    this.#show(this.#position);
  }

  /** Goes by so many pictures, and stays there. */
  step(by: number): void {
    this.#setPlaying(false);
    this.seek(this.#shown + by);
  }

  toggle(): void {
    if (!this.#play.disabled) this.#setPlaying(!this.#isPlaying);
  }

  #setPlaying(isPlaying: boolean): void {
    const begins = isPlaying && !this.#isPlaying;
    this.#isPlaying = isPlaying;
    this.#play.textContent = isPlaying ? '❚❚' : '▶';
    this.#play.setAttribute('aria-label', isPlaying ? 'Pause' : 'Play');
    if (!begins) return;
    this.#last = performance.now();
    requestAnimationFrame((now) => this.#advance(now));
  }

  #advance(now: number): void {
    if (!this.#isPlaying) return;
    const count = this.#pictures.length;
    const next = this.#position + (Math.max(0, now - this.#last) / 1000) * this.#fps;
    this.#last = now;
    if (count > 0) {
      this.#position = next < count ? next : this.#isWhole ? next % count : count - 1;
      this.#show(Math.floor(this.#position));
    }
    requestAnimationFrame((later) => this.#advance(later));
  }

  #show(index: number): void {
    const whole = Math.floor(index);
    if (whole === this.#shown) return;
    this.#shown = whole;
    draw(this.#canvas, this.#pictures[whole]);
    this.#scrub.value = String(whole);
    this.#label();
    this.onPicture(whole);
  }

  #label(): void {
    const count = Math.max(this.#planned, this.#pictures.length);
    const text = this.#shown < 0 ? (count > 0 ? `0 / ${count}` : '') : `${this.#shown + 1} / ${count}`;
    byId('position').textContent = text;
    if (this.#shown < 0) return;
    const words = `picture ${this.#shown + 1} of ${count}`;
    this.#scrub.setAttribute('aria-valuetext', words);
    this.#canvas.setAttribute('aria-label', `The video, ${words}`);
  }
}
