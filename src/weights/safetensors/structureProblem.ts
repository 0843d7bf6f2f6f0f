import { quote } from '../quote.js';

/**
 * Looks for two things in a JSON text that JSON.parse lets pass: a key that occurs twice in one object (it keeps the
 * last one, so two readers could see two different tensors under one name), and nesting deeper than `maxDepth`, which
 * a hostile file can use to keep the parser busy for long. Meant to run before JSON.parse; a text that is not JSON may
 * pass.
 *
 * @returns what is wrong, to follow "the header …", or undefined
 */
export function structureProblem(text: string, maxDepth: number): string | undefined {
  const open: (Set<string> | null)[] = []; // one entry per open bracket; null for arrays
  let position = 0;
  while (position < text.length) {
    const character = text[position];
    if (character === '"') {
      const end = endOfString(text, position);
      const keys = open.at(-1);
      if (keys && nextIsColon(text, end)) {
        const key = JSON.parse(text.slice(position, end)) as string;
        if (keys.has(key)) return `has the key ${quote(key)} twice`;
        keys.add(key);
      }
      position = end;
      continue;
    }
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(null);
    else if (character === '}' || character === ']') open.pop();
    if (open.length > maxDepth) return `nests more than ${maxDepth} levels deep`;
    position += 1;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let position = start + 1;
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position + 1;
}

function nextIsColon(text: string, start: number): boolean {
  let position = start;
  while (' \t\r\n'.includes(text[position])) position += 1;
  return text[position] === ':';
}
