/** What a video's own bitstream says of its pictures; fields that it does not give are absent. */
export interface CodedColor {
  /** Numbers of ITU-T H.273: tables 2, 3 and 4. */
  readonly matrix?: number;
  readonly transfer?: number;
  readonly fullRange?: boolean;
  readonly chroma?: '4:0:0' | '4:2:0' | '4:2:2' | '4:4:4';
  /** Bits of luma. */
  readonly depth?: number;
}

/** By the numbers of H.264 and HEVC for chroma_format_idc. */
export const CHROMA = ['4:0:0', '4:2:0', '4:2:2', '4:4:4'] as const;

/** The same, of AV1 and VP9's subsampling flags. */
export function chromaOf(isHalvedAcross: boolean, isHalvedDown: boolean): CodedColor['chroma'] {
  if (!isHalvedAcross) return '4:4:4';
  return isHalvedDown ? '4:2:0' : '4:2:2';
}
