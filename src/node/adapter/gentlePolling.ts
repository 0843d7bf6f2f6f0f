/** How long a wait polls on every turn of the event loop: short waits, as for a graphics card, end as soon as they can. */
const EAGER_MS = 1;

/** Time between the polls of a longer wait: the shortest that a timer of Node's takes. */
const PAUSE_MS = 1;

type Callback = (...values: unknown[]) => void;

let isInstalled = false;

/**
 * Keeps Dawn's Node binding from burning a core. While any GPU promise is pending, the binding asks Dawn for news on every
 * turn of the event loop: it calls the global `setImmediate`, which it looks up each time, with a native function that does
 * the same again (Dawn, src/dawn/node/binding/AsyncRunner.cpp). An adapter that runs on the processor needs that core for
 * itself. The binding has no setting for it, so the global function is replaced by one that leaves the polls of a long wait
 * to a timer, and passes everything else on as it is. Call it when Dawn is loaded; later calls do nothing.
 */
export function installGentlePolling(): void {
  if (isInstalled) return;
  isInstalled = true;
  const original = globalThis.setImmediate;
  const pause = globalThis.setTimeout; // the real ones, whatever a test puts in their place later
  const now = performance.now.bind(performance);
  let began = 0; // when the binding began to wait
  let isPolling = false;

  const poll = (callback: Callback) => {
    if (!isPolling) began = now(); // the binding polls again from within a poll for as long as it waits
    const run = () => {
      isPolling = true;
      try {
        callback();
      } finally {
        isPolling = false;
      }
    };
    return now() - began < EAGER_MS ? original(run) : pause(run, PAUSE_MS);
  };
  const gentle = (callback: Callback, ...values: unknown[]) =>
    values.length === 0 && isBindingFunction(callback) ? poll(callback) : original(callback, ...values);
  // With what hangs on the original, such as its form for `util.promisify`.
  Object.defineProperties(gentle, Object.getOwnPropertyDescriptors(original));
  globalThis.setImmediate = gentle as unknown as typeof setImmediate;
}

/**
 * Whether a function is one that a native addon made without a name: native code, as a bound function and a promise's
 * `resolve` are, but unlike those with a `prototype` of its own.
 */
function isBindingFunction(callback: Callback): boolean {
  return (
    typeof callback === 'function' &&
    callback.name === '' &&
    callback.length === 0 &&
    Object.hasOwn(callback, 'prototype') &&
    Function.prototype.toString.call(callback) === 'function () { [native code] }'
  );
}
