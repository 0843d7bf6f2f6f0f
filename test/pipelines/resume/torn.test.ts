import { afterAll, describe, expect, test } from 'vitest';
import { trimPolicy } from '../../../src/tokentrim/trimPolicy.js';
import { PRESETS } from '../../properties/presets.js';
import { MemoryState } from '../../support/memoryState.js';
import { disposeModels, EAGER, PATCH, runProcess } from '../../support/resumedRollouts.js';

// Every file of a state that ends badly, one at a time and all of them: the run that goes on is the one that was never cut.

afterAll(disposeModels);

const TEARS: Readonly<Record<string, (whole: Uint8Array) => Uint8Array>> = {
  empty: () => new Uint8Array(0),
  'a byte': (whole) => whole.slice(0, 1),
  'cut in half': (whole) => whole.slice(0, whole.length >> 1),
  'without its last byte': (whole) => whole.slice(0, -1),
  'another last byte': (whole) => whole.map((byte, index) => (index === whole.length - 1 ? byte ^ 1 : byte)),
  'zeros at its end': (whole) => whole.map((byte, index) => (2 * index < whole.length ? byte : 0)),
  'a tail of something else': (whole) => Uint8Array.from([...whole, ...whole.slice(0, 100)]),
};

describe.each(PRESETS)('$preset', ({ run, options }) => {
  const each = { run, options, policy: () => trimPolicy(PATCH, EAGER, 4) };

  test('every file of a state, torn', async () => {
    const whole = await runProcess(each, new MemoryState());
    const cut = new MemoryState();
    await runProcess(each, cut, (event) => event.kind === 'block' && event.block === 3);
    const names = [...cut.files.keys()];
    expect(names.filter((name) => name.startsWith('state-'))).toHaveLength(2);
    const others = names.filter((name) => !name.startsWith('rows-')); // of rows, which are all alike, the first and all
    for (const torn of [...[...others, 'rows-0-0'].map((name) => [name]), names]) {
      for (const [how, tear] of Object.entries(TEARS)) {
        const store = new MemoryState();
        for (const [name, bytes] of cut.files) store.files.set(name, torn.includes(name) ? tear(bytes) : bytes.slice());
        expect(await runProcess(each, store), `${torn.join(', ')}: ${how}`).toEqual(whole);
      }
    }
  });
});
