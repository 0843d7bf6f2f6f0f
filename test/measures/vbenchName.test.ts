import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vbenchManifest, vbenchName, vbenchNames } from '../../src/measures/vbenchName.js';

/** Vchitect/VBench vbench/utils.py get_prompt_from_filename. */
const promptOf = (name: string) => name.replace(/\.[^.]*$/, '').replace(/-\d+$/, '');

test("prompts of VBench's suite are names as they are, also long ones and those with dots, commas and hyphens", () => {
  for (const prompt of [
    'A 3D model of a 1800s victorian house.',
    "In a still frame, a stop sign, Van Gogh style; it's a low-angle shot-2",
    'a beautiful coastal beach in spring, waves lapping on sand by Hokusai, in the style of Ukiyo, '.repeat(2).trim(),
  ]) {
    expect(vbenchName(prompt, 3)).toBe(`${prompt}-3.mp4`);
    expect(promptOf(vbenchName(prompt, 3))).toBe(prompt);
  }
});

test('what cannot be a name is cut and cleaned, and keeps apart what differs', () => {
  expect(vbenchName('who/what: "why?"', 0)).toBe('who_what_ _why__~d661649d-0.mp4');
  expect(vbenchName('../x', 0)).toMatch(/^_\._x~[0-9a-f]{8}-0\.mp4$/);
  const [left, right] = ['a', 'b'].map((end) => vbenchName(`${'long '.repeat(80)}${end}`, 0));
  expect(left).not.toBe(right);
  expect(left).toHaveLength(254);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.nat(99), (prompt, index) => {
      const name = vbenchName(prompt, index);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(254);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
      expect(name).not.toMatch(/[\u0000-\u001f\u007f-\u009f/\\:*?"<>|]|^[.-]/);
      expect(Buffer.from(name).toString()).toBe(name);
      expect(name.endsWith(`-${index}.mp4`)).toBe(true);
    }),
  );
});

test('no name is a device of Windows, and none turns the direction of writing', () => {
  for (const prompt of ['con.1', 'NUL', 'aux .', 'com1.x', 'LPT³.y']) {
    const [stem] = vbenchName(prompt, 0).split('.');
    expect(stem.trim()).not.toMatch(/^(con|prn|aux|nul|com.|lpt.)$/i);
  }
  expect(vbenchName('console.log', 0)).toBe('console.log-0.mp4');
  expect(vbenchName('gnp\u202e4pm', 0)).toMatch(/^gnp_4pm~/);
  expect(vbenchName('\u009b31mred', 0)).toMatch(/^_31mred~/);
});

test('no two prompts share a file, also where case and spelling are not told apart', () => {
  const letter = fc.constantFrom('a', 'A', '\u00e4', 'a\u0308', 'ß', 'SS', '/', '_', '\u0000', '-1', ' ', '.');
  const prompts = fc.uniqueArray(fc.string({ unit: letter, minLength: 1, maxLength: 5 }), {
    selector: (prompt) => prompt.trim(),
  });
  fc.assert(
    fc.property(prompts, fc.uniqueArray(fc.nat(12), { minLength: 1, maxLength: 3 }), (list, indices) => {
      const names = vbenchNames(list, indices);
      const files = names.flat().map((name) => name.normalize('NFC').toLowerCase());
      expect(new Set(files).size).toBe(list.length * indices.length);
      if (list.length > 0) expect(names[0]).toEqual(indices.map((index) => vbenchName(list[0], index)));
    }),
  );
});

test('the manifest gives every file its whole prompt', () => {
  const prompt = 'is it a cat? '.repeat(40);
  const manifest = vbenchManifest([0, 1].map((index) => ({ prompt, index })));
  expect(Object.values(manifest)).toEqual([prompt.trim(), prompt.trim()]);
  expect(Object.keys(manifest)).toEqual([vbenchName(prompt, 0), vbenchName(prompt, 1)]);
});
