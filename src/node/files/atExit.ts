const waiting = new Set<() => void>();

function runAll(): void {
  for (const tidyUp of waiting) {
    try {
      tidyUp();
    } catch {
      // The process ends: what cannot be tidied stays, and the next run finds out that its owner is gone.
    }
  }
}

/**
 * Has `tidyUp` called if the process ends by itself (`process.exit`, an error that nobody catches) before the returned
 * function is called. It cannot wait for anything. A process that is killed calls nothing.
 */
export function atExit(tidyUp: () => void): () => void {
  if (waiting.size === 0) process.on('exit', runAll);
  waiting.add(tidyUp);
  return () => {
    waiting.delete(tidyUp);
    if (waiting.size === 0) process.off('exit', runAll);
  };
}
