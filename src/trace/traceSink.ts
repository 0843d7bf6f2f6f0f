import type { Sheet, TraceEvent } from './format.js';

/** A tensor as a trace keeps it. */
export interface TracedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Held as f16 where that will do, for drift say. */
  readonly dtype: 'f32' | 'f16';
  readonly values: Float32Array;
}

/** A picture: rgba [height, width, 4], sRGB. */
export interface TracedPicture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Where a trace goes: a folder, or the page that asked for a run. Files have names such as `drift/0005.0.safetensors`. */
export interface TraceSink {
  /** Called in order, each after what it names was handed over. */
  event(event: TraceEvent): Promise<void>;
  tensors(file: string, tensors: readonly TracedTensor[]): Promise<void>;
  /**
   * Pictures of one size in one file.
   * @param name without an ending; the sheet that comes back says the file, and how its pictures lie
   * @param most pixels on the longer side; larger ones are made smaller
   */
  pictures(name: string, pictures: readonly TracedPicture[], most?: number): Promise<Sheet>;
}

/** What a reader takes tensors and pictures from. */
export interface TraceFiles<Image> {
  /** @throws where the file is not there, or damaged */
  tensor(ref: {
    readonly file: string;
    readonly name: string;
  }): Promise<{ shape: readonly number[]; values: Float32Array }>;
  /** A sheet as what a canvas draws; which part of it is a picture, its columns say. */
  image(sheet: Sheet): Promise<Image>;
}
