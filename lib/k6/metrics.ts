import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
import { CATALOGUE, type Metric } from '../metrics/catalogue.ts';

/**
 * Registers every metric of the catalogue, so that a threshold on any of them is known to k6 (else
 * it exits 104). The extension registers the same ones and pushes the samples of streams itself.
 */
export function registerMetrics(): void {
  for (const [name, metric] of Object.entries<Metric>(CATALOGUE)) {
    if (metric.type === 'trend') new Trend(name, metric.unit === 'ms');
    else if (metric.type === 'counter') new Counter(name);
    else if (metric.type === 'rate') new Rate(name);
    else new Gauge(name);
  }
}
