/** A tensor in a safetensors file of the trace. */
export interface TensorRef {
  readonly file: string;
  readonly name: string;
}

/** Pictures of one size in one file, row by row. */
export interface Sheet {
  readonly file: string;
  readonly count: number;
  readonly columns: number;
  /** Of one picture. */
  readonly width: number;
  readonly height: number;
}
