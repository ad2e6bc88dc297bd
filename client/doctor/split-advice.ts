import type { Finding } from '../../contract/inspect.ts';

/** Messages of ours say what failed in their first line and what to do in the others, one way in each. */
export function splitAdvice(text: string): Pick<Finding, 'message' | 'advice'> {
  const [message = text, ...advice] = text.split('\n');
  return advice.length === 0 ? { message } : { message, advice: advice.join('\n') };
}
