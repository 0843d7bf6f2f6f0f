import { readFileSync } from 'node:fs';
import { type Debugger, type Runtime, Session } from 'node:inspector';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { linear } from '../../../src/kernels/linear/linear.js';
import { kernelFile } from '../../../src/node/kernelTexts.js';
import { openDevice } from '../../../src/node/openDevice.js';
import { normal } from '../../support/twins.js';

// What an editor does through Node's inspector: breakpoints on lines of WGSL, which stop with the names of WGSL.

let session: Session | undefined;
afterEach(() => session?.disconnect());

/** Calls are answered at once on the thread that is looked at. */
function ask<Answer>(method: string, given: object = {}): Answer {
  let answer: unknown;
  session!.post(method as 'Debugger.enable', given as never, (error: Error | null, found: unknown) => {
    if (error) throw error;
    answer = found;
  });
  return answer as Answer;
}

const lineOf = (text: string, part: string) => text.split('\n').findIndex((line) => line.includes(part));

/** Names and values of what a place in the code sees of its own function. */
function locals({ scopeChain }: Debugger.CallFrame): Record<string, unknown> {
  const own = scopeChain.filter(({ type }) => type === 'local' || type === 'block');
  const properties = own.flatMap(({ object: { objectId } }) => {
    return ask<Runtime.GetPropertiesReturnType>('Runtime.getProperties', { objectId, ownProperties: true }).result;
  });
  return Object.fromEntries(properties.map(({ name, value }) => [name, value?.value ?? value?.description]));
}

async function multiply() {
  const device = await openDevice({ adapter: 'interpreter,seed=0' });
  const y = linear(device.upload(normal(1, 15), [3, 5]), device.upload(normal(2, 20), [4, 5]));
  return [...(await device.read(y))];
}

test('a breakpoint on a line of a kernel stops there, with its own names, and steps to the next line', async () => {
  const expected = await multiply();
  const file = kernelFile('linear');
  const text = readFileSync(file, 'utf8');
  const line = lineOf(text, 'sum1 += x[x1 + k] * w;');
  session = new Session();
  session.connect();
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params }) => void urls.set(params.scriptId, params.url));
  const stops: { url: string; line: number; within: string; names: Record<string, unknown> }[] = [];
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const [{ location, functionName }] = callFrames;
    const url = urls.get(location.scriptId) ?? '';
    stops.push({ url, line: location.lineNumber, within: functionName, names: locals(callFrames[0]) });
    ask(stops.length < 3 ? 'Debugger.stepOver' : 'Debugger.resume');
  });
  ask('Debugger.enable');
  const url = pathToFileURL(file).href;
  ask('Debugger.setBreakpointByUrl', { url, lineNumber: line, condition: 'lane === 0 && k === 2' });
  expect(await multiply()).toEqual(expected);
  expect(stops.map((stop) => [stop.url, stop.line, stop.within])).toEqual([
    [url, line, 'main'],
    [url, line + 1, 'main'],
    [url, line + 2, 'main'],
  ]);
  expect(stops[0].names).toMatchObject({ lane: 0, k: 2, row: 0, column: 0, depth: 5, x1: 5, w3: 15, w: 'Array(4)' });
});

test('the script says that each of its lines is the same line of the file', async () => {
  const maps: string[] = [];
  const file = kernelFile('linear');
  session = new Session();
  session.connect();
  session.on('Debugger.scriptParsed', ({ params: { url, sourceMapURL = '' } }) => {
    if (url === pathToFileURL(file).href) maps.push(sourceMapURL);
  });
  ask('Debugger.enable');
  await multiply();
  const map = JSON.parse(Buffer.from(maps[maps.length - 1].split('base64,')[1], 'base64').toString());
  const text = readFileSync(file, 'utf8');
  expect(map).toMatchObject({ version: 3, sources: [file], sourcesContent: [text] });
  const lines: string[] = map.mappings.split(';');
  expect(lines.length).toBeGreaterThanOrEqual(lineOf(text, 'y[at] = value;') + 1);
  expect(lines.map((segments, line) => segments === (line === 0 ? 'AAAA' : 'AACA'))).not.toContain(false);
});
