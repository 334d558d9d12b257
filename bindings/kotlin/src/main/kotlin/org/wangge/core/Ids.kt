package org.wangge.core

/** A record: a UUID made offline, never reused. */
@JvmInline
value class RecordId(val text: String) {
    override fun toString() = text
}

/** A change: 64 hexadecimal digits. */
@JvmInline
value class ChangeId(val text: String) {
    override fun toString() = text
}

/** A phone's registration, given by the county. */
@JvmInline
value class DeviceId(val text: String) {
    override fun toString() = text
}

/** A person with an account. */
@JvmInline
value class UserId(val text: String) {
    override fun toString() = text
}

/** A grid, or a department's unit. */
@JvmInline
value class Scope(val text: String) {
    override fun toString() = text
}

/** The name of a kind of record, for example `resident`. */
@JvmInline
value class KindName(val text: String) {
    override fun toString() = text
}

/** A statement about a field, as a decision names it. */
@JvmInline
value class ClaimId(val text: String) {
    override fun toString() = text

    companion object {
        /** All statements about the edited fields. */
        val ALL = ClaimId("*")
    }
}
