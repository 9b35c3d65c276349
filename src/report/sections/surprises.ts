/** Results that go the other way than was expected: flagged for a second look, never judged by it. */
import { METRICS } from '../../record/index.js';
import { html, name } from '../html.js';
import type { Section, View } from '../view.js';

/** One sentence for each surprise; left out when there is none. */
export function surprises({ analysis }: View): Section {
  const found = analysis.surprises ?? [];
  return {
    id: 'surprises',
    title: 'Surprises',
    body:
      found.length === 0
        ? null
        : html`<p>${found.length === 1 ? 'One result goes' : `${found.length} results go`} the other way than was expected before anything was measured. That makes no number here wrong, and no verdict was changed by it; it is a reason to look at the witnesses, at the traffic and at the machine before building on it.</p>
<ul class="surprises">${found.map(
            (surprise) =>
              html`<li><b>${name(surprise.candidate)}</b> was expected to be ${surprise.expected} than ${name(surprise.baseline)} in ${METRICS[surprise.metric].label}. Found: <b>${surprise.found}</b>. <small>What the expectation rests on: ${surprise.source}.</small></li>`,
          )}</ul>`,
  };
}
