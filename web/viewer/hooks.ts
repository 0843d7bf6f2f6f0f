import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ReviewEvent, TensorRef } from '../../src/trace/format.js';
import type { Run } from './data/run.js';
import type { BlockLatents } from './logic/tokenValues.js';
import { type Change, hashOf, type View, viewOf } from './view.js';

/** Renders anew when runs change: at most once a frame of the page. */
export function useRuns(runs: readonly Run[]): void {
  const [, render] = useState(0);
  useEffect(() => {
    let waiting = 0;
    const tell = () => {
      waiting ||= requestAnimationFrame(() => {
        waiting = 0;
        render((count) => count + 1);
      });
    };
    const ends = runs.map((run) => run.listen(tell));
    tell();
    return () => {
      cancelAnimationFrame(waiting);
      for (const end of ends) end();
    };
  }, [runs]);
}

/** What is looked at, kept in the address: a link opens the same, and so does the way back. */
export function useView(names: readonly string[]): readonly [View, (change: Change) => void] {
  const all = names.join('\n');
  const [view, setView] = useState(() => viewOf(location.hash, names));
  const change = useCallback((part: Change) => setView((before) => ({ ...before, ...part })), []);
  useEffect(() => {
    const read = () => setView(viewOf(location.hash, all.split('\n')));
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, [all]);
  useEffect(() => {
    const write = () => {
      const hash = hashOf(view, all.split('\n'));
      if (hash !== location.hash.slice(1))
        history.replaceState(history.state, '', hash ? `#${hash}` : location.pathname + location.search);
    };
    const timer = setTimeout(write, 150); // browsers refuse to be told a hundred times in a while
    return () => clearTimeout(timer);
  }, [view, all]);
  return [view, change];
}

/** The width of an element in pixels, as it is drawn. */
export function useWidth<Kind extends Element>(): readonly [{ current: Kind | null }, number] {
  const place = useRef<Kind>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [place, width];
}

/** A tensor of a trace; undefined until it is there, and where there is none or it cannot be read. */
export function useTensor(run: Run | undefined, ref: TensorRef | null | undefined): BlockLatents | undefined {
  const key = ref ? `${run?.name} ${ref.file} ${ref.name}` : '';
  const [got, setGot] = useState<{ readonly key: string; readonly tensor: BlockLatents | undefined }>();
  useEffect(() => {
    let isGone = false;
    if (!ref || !run) return;
    run.files.tensor(ref).then(
      (tensor) => !isGone && setGot({ key, tensor }),
      () => !isGone && setGot({ key, tensor: undefined }),
    );
    return () => {
      isGone = true;
    };
  }, [key]);
  return got?.key === key ? got.tensor : undefined;
}

/** The maps of drift of many blocks, by their files; undefined until all that are there have come, and where they are not wanted. */
export function useDrifts(
  run: Run,
  refs: readonly TensorRef[],
  isWanted: boolean,
): ReadonlyMap<string, Float32Array> | undefined {
  const key = isWanted ? `${run.name} ${refs.length}` : '';
  const [got, setGot] = useState<{ readonly key: string; readonly maps: ReadonlyMap<string, Float32Array> }>();
  useEffect(() => {
    let isGone = false;
    if (!isWanted) return;
    const maps = new Map<string, Float32Array>();
    const read = (ref: TensorRef) =>
      run.files.tensor(ref).then(
        ({ values }) => void maps.set(ref.file, values),
        () => undefined,
      );
    void Promise.all(refs.map(read)).then(() => !isGone && setGot({ key, maps }));
    return () => {
      isGone = true;
    };
  }, [key]);
  return isWanted && got?.key === key ? got.maps : undefined;
}

/** d_i of a review. */
export function useDrift(run: Run | undefined, review: ReviewEvent | null | undefined): Float32Array | undefined {
  return useTensor(run, review?.drift)?.values;
}
