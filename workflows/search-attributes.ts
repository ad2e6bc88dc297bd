import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES } from '../contract/names.ts';

/** Sets search attributes of the workflow. Only where they are registered: elsewhere this would block it for ever. */
export function setAttributes(values: Partial<Record<keyof typeof SEARCH_ATTRIBUTES, string>>): void {
  upsertSearchAttributes(
    Object.entries(values).map(([name, value]) => ({
      key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES], SearchAttributeType.KEYWORD),
      value,
    })),
  );
}
