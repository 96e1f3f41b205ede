import type { Clock } from '../clock.ts';

export interface FakeClock extends Clock {
  /** Runs everything that comes due up to this moment, in order. */
  runUntil(moment: number): void;
}

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes on demand. Alarms ring `lateMs` after they are due, as timers do. */
export function createFakeClock({ lateMs = 0, startAt = 1000 } = {}): FakeClock {
  let present = startAt;
  const alarms = new Set<Alarm>();
  const nextUpTo = (moment: number): Alarm | undefined => {
    let next: Alarm | undefined;
    for (const alarm of alarms) {
      if (alarm.at <= moment && (next === undefined || alarm.at < next.at)) next = alarm;
    }
    return next;
  };
  return {
    now: () => present,
    at: (dueAt, run) => {
      const alarm: Alarm = { at: Math.max(dueAt, present) + lateMs, run };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    runUntil: (moment) => {
      for (let next = nextUpTo(moment); next !== undefined; next = nextUpTo(moment)) {
        alarms.delete(next);
        present = Math.max(present, next.at);
        next.run();
      }
      present = moment;
    },
  };
}
