// Package zonedata has zones in memory, packed as answers need them.
//
// A [Table] has the zones. Readers never wait for writers: the [Contents] of a
// zone are never changed, only replaced, and share what is equal. When Put,
// Apply or Remove has returned, whoever looks up next finds the result.
//
// A [View] is a zone at one moment, for those who want its records. [Table.Find],
// [Contents.Find] and [RRset] are for answers.
package zonedata
