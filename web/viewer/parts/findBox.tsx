import type { BlockFacts } from '../logic/facts.js';
import { EXAMPLES, type Found } from '../logic/search.js';
import { listed } from '../logic/sentence.js';
import type { Change } from '../view.js';

interface Props {
  readonly words: string;
  readonly found: Found;
  readonly all: readonly BlockFacts[];
  readonly here: number | undefined;
  readonly change: (change: Change) => void;
}

/** Finds blocks by a few words; Enter goes to the next of them. */
export function FindBox({ words, found, all, here, change }: Props) {
  const go = (by: 1 | -1) => {
    const next = nextFound(found ?? [], here ?? -1, by);
    if (next !== undefined) change({ block: all[next].number, attempt: null });
  };
  return (
    <search>
      <form
        class="find"
        onSubmit={(event) => {
          event.preventDefault();
          go(1);
        }}
      >
        <input
          type="search"
          id="find"
          list="find-examples"
          aria-label="Find blocks"
          aria-describedby="found"
          placeholder="find: severity above 12"
          value={words}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => change({ words: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') {
              change({ words: '' });
              event.currentTarget.blur();
            }
            if (event.key === 'Enter' && event.shiftKey) {
              event.preventDefault();
              go(-1);
            }
          }}
        />
        <datalist id="find-examples">
          {EXAMPLES.map((example) => (
            <option key={example} value={example} />
          ))}
        </datalist>
        <output id="found">{foundWords(words, found, all)}</output>
      </form>
    </search>
  );
}

/** The next of the found blocks, in a circle. */
export function nextFound(found: readonly number[], here: number, by: 1 | -1): number | undefined {
  return by > 0
    ? (found.find((index) => index > here) ?? found[0])
    : (found.findLast((index) => index < here) ?? found.at(-1));
}

function foundWords(words: string, found: Found, all: readonly BlockFacts[]): string {
  if (words.trim() === '') return '';
  if (found === null) return `not understood; try “${EXAMPLES[0]}”, “${EXAMPLES[2]}” or “${EXAMPLES[5]}”`;
  if (found.length === 0) return 'no block';
  const names = found.slice(0, 8).map((index) => all[index].number);
  return found.length === 1
    ? `block ${names[0]}`
    : `${found.length} blocks: ${found.length > 8 ? `${names.join(', ')}, …` : listed(names)}`;
}
