import { expect, test } from 'vitest';
import { Gate, type Pace } from '../../src/web/gate.js';

/** A run whose calls end when they are told to. */
class Calls {
  readonly gate = new Gate();
  ended = 0;
  isWaiting = false;

  /** Ends the call at hand, if there is one. */
  async end(): Promise<void> {
    if (this.isWaiting) return;
    this.ended++;
    this.isWaiting = true;
    void this.gate.pass().then(() => {
      this.isWaiting = false;
    });
    await settled();
  }

  async set(...paces: readonly Pace[]): Promise<void> {
    for (const pace of paces) this.gate.set(pace);
    await settled();
  }

  /** Ends calls until none is at hand: how many those were. */
  async endAll(): Promise<number> {
    const before = this.ended;
    for (let call = 0; call < 20; call++) await this.end();
    return this.ended - before;
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test('one step is one call: in a run that waits, one that is to pause after the call at hand, and one that goes on', async () => {
  const calls = new Calls();
  await calls.end();
  await calls.set('pause');
  await calls.end();
  for (let press = 0; press < 3; press++) {
    await calls.set('step');
    expect(await calls.endAll()).toBe(1);
  }

  await calls.set('go');
  await calls.set('pause');
  await calls.set('step'); // the call at hand has not ended
  expect(await calls.endAll()).toBe(1);

  await calls.set('go');
  await calls.set('step');
  expect(await calls.endAll()).toBe(1);
});

test.each([1, 2, 3, 7])('%i steps at once are as many calls', async (count) => {
  const presses = Array<Pace>(count).fill('step');
  const calls = new Calls();
  await calls.set('pause', ...presses);
  expect(await calls.endAll()).toBe(count);
  await calls.set(...presses);
  expect(await calls.endAll()).toBe(count);
});

test('a pause lets the call at hand end, and takes back steps that were not made', async () => {
  const calls = new Calls();
  await calls.set('pause');
  expect(await calls.endAll()).toBe(1);
  await calls.set('step', 'step', 'step');
  await calls.end();
  await calls.set('pause');
  expect(await calls.endAll()).toBe(1);
  await calls.set('go');
  expect(await calls.endAll()).toBe(20);
});
