/** A column of the paper's tables each. */
export const COLUMNS: readonly string[];

/** Quality, Semantic and Total of a column by VBench's own formula, percent. */
export function scores(column: number): { quality: number; semantic: number; total: number };

/** All of them in Markdown. */
export function table(): string;
