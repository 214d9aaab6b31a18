// Days of the week as the configuration writes them, in the order of their numbers: Monday is 0.

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
