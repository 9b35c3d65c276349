/** What a row of the catalogue says. */
import type { MetricName } from '../record/index.js';
import type { Accelerator, ForeignProgram } from './foreign.js';
import type { Need } from './needs.js';
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
  | {
      /** No proxy at all: the kernel sends connections straight to the service. */
      readonly type: 'zero-sidecar';
      readonly preset: WrittenOptions;
      readonly opposite: WrittenOptions;
    }
  | {
      /** A proxy that people run, with some of the options. */
      readonly type: 'foreign';
      readonly program: ForeignProgram;
      /** What does its private-key work; then `program` is the one preferred of those that can use it. */
      readonly accelerator?: Accelerator;
      readonly preset: WrittenOptions;
      readonly opposite: WrittenOptions;
    }
  | { readonly type: 'custom' }
  | { readonly type: 'injected' };

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
  /** What a reader must know before comparing its figures with another row's; else null. */
  readonly caveat: string | null;
  /** What it needs of the machine beyond what follows from its options. */
  readonly needs: readonly Need[];
}
