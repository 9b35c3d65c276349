/** What a row of the catalogue says. */
import type { MetricName } from '../record/index.js';
import type { WrittenOptions } from './options.js';
import type { WitnessName } from './witnesses.js';

/** What is to be expected of a row against its counterpart, by whom; a result the other way is a surprise to be shown. */
export interface Expectation {
  readonly metric: MetricName;
  readonly direction: 'lower' | 'higher';
  readonly source: string;
}

export type RowForm =
  | { readonly type: 'direct' }
  | {
      /** The Go sidecar; `node` is the same for Node.js, with few of the options. */
      readonly type: 'sidecar' | 'node';
      readonly preset: WrittenOptions;
      /** The options that switch the row's own mechanism off, so that a test can see its witness fail. */
      readonly opposite: WrittenOptions;
    }
  | { readonly type: 'custom' };

export interface CatalogueRow {
  readonly kind: string;
  readonly description: string;
  /** The row that differs from this one in exactly one thing; null for controls. */
  readonly counterpart: string | null;
  readonly form: RowForm;
  /** The witness of the row's own point; null for controls. */
  readonly point: WitnessName | null;
  readonly expectations: readonly Expectation[];
  /** Why the row's figures do not stand for a real machine when the data plane has fewer than two cores; else null. */
  readonly needsTwoCores: string | null;
  readonly linuxOnly: boolean;
}
