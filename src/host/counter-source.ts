/** Where a process says what it did: whoever starts it knows, and whoever reads it needs nothing else. */

export type CounterSource = Readable & {
  /** Files in which a QuickAssist device's firmware counts what it served; left out where none works for the process. */
  readonly firmware?: readonly string[];
  /** Whether its clock of monotonic time is another than the generator's, being on another machine. */
  readonly otherClock?: boolean;
};

type Readable =
  /** `/snapshot` of a server of ours at `host:port`: runtime metrics and witness counters. */
  | { readonly type: 'snapshot'; readonly address: string }
  /** Prometheus text; each counter of ours is the sum over its selectors, such as `requests_total{code="200"}`. */
  | {
      readonly type: 'prometheus';
      readonly url: string;
      readonly metrics: Readonly<Record<string, readonly string[]>>;
    }
  /** HAProxy's statistics as CSV; each counter of ours is the sum over cells. */
  | {
      readonly type: 'haproxy-csv';
      readonly url: string;
      readonly cells: Readonly<Record<string, readonly HaproxyCell[]>>;
    }
  /** nginx's stub_status, which counts every connection and request, those that ask for it included. */
  | { readonly type: 'nginx-status'; readonly url: string };

export interface HaproxyCell {
  /** A frontend or backend, and `FRONTEND`, `BACKEND` or a server in it. */
  readonly proxy: string;
  readonly row: string;
  readonly field: string;
}
