// A script for `load: {driver: k6, script: k6-script.js}`. Meshmark runs its default function in slices of every variant,
// says how often, and hands over where to send to. Options other than the schedule and thresholds are kept.
import http from 'k6/http';

const target = `http://${__ENV.MESHMARK_TARGET}`;

export const options = { userAgent: 'k6-script' };

export default function () {
  http.get(`${target}/page`);
  http.post(`${target}/order`, JSON.stringify({ item: 7 }), {
    headers: { 'Content-Type': 'application/json' },
  });
}
