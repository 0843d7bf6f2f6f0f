import { ensureUsage } from './usageError.js';

const WORD = /(?:[^\s"']|"[^"]*"|'[^']*')+/g;

/**
 * The words of a line of options, as a shell would part them: at spaces that stand in no quotes.
 * @param label how an error names the line
 */
export function wordsOf(line: string, label: string): string[] {
  ensureUsage(!/["']/.test(line.replace(WORD, '')), `${label}: a quote is opened and not closed`);
  return (line.match(WORD) ?? []).map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}
