/** Traces as they lie in a page: the text of events.jsonl, and the files beside it in base64 by their names. */
export interface EmbeddedTraces {
  readonly traces: readonly {
    readonly name: string;
    readonly events: string;
    readonly files: Readonly<Record<string, string>>;
  }[];
}

/** What stands in the page of the viewer where traces go. */
export const VIEWER_PLACE = '<script type="application/json" id="trace"></script>';

/**
 * Puts traces into the page of the viewer (dist/viewer/viewer.html), so that it needs no server.
 * @throws where the page has no place for them
 */
export function fillViewer(page: string, traces: EmbeddedTraces): string {
  const at = page.indexOf(VIEWER_PLACE);
  if (at < 0) throw new Error('this page has no place for traces: build the viewer again');
  const json = JSON.stringify(traces).replaceAll('<', '\\u003c'); // no text of a trace can end the element
  const [head, tail] = ['<script type="application/json" id="trace">', '</script>'];
  return page.slice(0, at) + head + json + tail + page.slice(at + VIEWER_PLACE.length);
}
