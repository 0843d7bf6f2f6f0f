import { createRequire } from 'node:module';

/** The reader of the npm package `safetensors`: an independent check. It has no types, and trips on `__metadata__`. */
export const { SafeTensor } = createRequire(import.meta.url)('safetensors') as {
  SafeTensor: new (
    bytes: Uint8Array,
  ) => {
    metadata: Map<string, { dtype: string; shape: number[] }>;
    getTensor(name: string): Uint8Array;
  };
};
