export type Uniform = () => number;
export function uniforms(seed: number): Uniform;
export function normal(uniform: Uniform): number;
export const SERIES: Readonly<Record<string, (uniform: Uniform, count: number) => number[]>>;
