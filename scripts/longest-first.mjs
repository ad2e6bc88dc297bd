import Sequencer from '@jest/test-sequencer';

/**
 * Has the system tests start first: they wait for minutes, mostly for what runs out, and the others fill the time. Jest itself goes by
 * how long each took the last time; on a machine that has not run them it goes by size, and would wait for a short file at the end.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => path.includes('/test/system/');
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
