import type { Sheet, TensorRef } from '../../src/trace/format.js';
import type { TracedTensor } from '../../src/trace/traceSink.js';
import type { PostedEvent } from '../../src/web/index.js';
import { remembered } from '../viewer/data/byteFiles.js';
import { Run } from '../viewer/data/run.js';

/** A run of this page: its trace comes as it is made, its tensors and pictures stay in memory. */
export class LiveRun extends Run {
  /** Kernels that run for the first time just now. */
  compiling = 0;
  phase: 'running' | 'stopping' | 'stopped' | 'finished' | 'failed' = 'running';
  readonly #tensors = new Map<string, readonly TracedTensor[]>();
  readonly #pictures = new Map<string, { readonly sheet: Sheet; readonly rgba: readonly Uint8Array[] }>();

  constructor(name: string) {
    const sheets = remembered((file) => Promise.resolve(this.#draw(file)));
    super(name, {
      image: ({ file }) => sheets(file),
      tensor: async (ref) => this.#tensor(ref),
    });
  }

  get isGoingOn(): boolean {
    return this.phase === 'running' || this.phase === 'stopping';
  }

  /** Takes what the worker tells. */
  post(event: PostedEvent): void {
    if (event.kind === 'tensors') this.#tensors.set(event.file, event.tensors);
    if (event.kind === 'pictures') this.#pictures.set(event.sheet.file, event);
    if (event.kind === 'compile') this.compiling = event.kernels.length;
    if (event.kind === 'trace') this.take(event.event);
    else this.tell();
  }

  /** The run is over, one way or another. */
  finish(phase: 'stopped' | 'finished' | 'failed'): void {
    this.phase = phase;
    this.compiling = 0;
    this.isWhole = true;
    this.tell();
  }

  #tensor({ file, name }: TensorRef): { shape: readonly number[]; values: Float32Array } {
    const tensor = this.#tensors.get(file)?.find((each) => each.name === name);
    if (!tensor) throw new Error(`there is no ${name} in ${file}`);
    return tensor;
  }

  #draw(file: string): CanvasImageSource {
    const posted = this.#pictures.get(file);
    if (!posted) throw new Error(`there are no pictures ${file}`);
    const { sheet, rgba } = posted;
    const { columns, width, height } = sheet;
    const canvas = document.createElement('canvas');
    canvas.width = Math.min(columns, sheet.count) * width;
    canvas.height = Math.ceil(sheet.count / columns) * height;
    const context = canvas.getContext('2d');
    for (const [index, picture] of rgba.entries()) {
      const pixels = new ImageData(new Uint8ClampedArray(picture), width, height);
      context?.putImageData(pixels, (index % columns) * width, Math.floor(index / columns) * height);
    }
    return canvas;
  }
}
