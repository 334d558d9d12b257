package org.wangge.core

import java.math.BigInteger
import java.nio.file.Path
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir

/** A signing key that the platform keeps: here the JDK's own, with the same calls as a phone's key store. */
@Timeout(120)
class DeviceKeyTest {
    private class PlatformKey : DeviceKey {
        private val pair: KeyPair =
            KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
        var trouble: (() -> Nothing)? = null
        var signed = 0

        override fun publicKey(): ByteArray {
            val point = (pair.public as ECPublicKey).w
            val sign: Byte = if (point.affineY.testBit(0)) 3 else 2
            return byteArrayOf(sign) + fixed(point.affineX)
        }

        override fun sign(bytes: ByteArray): ByteArray {
            trouble?.invoke()
            signed += 1
            return Signature.getInstance("SHA256withECDSAinP1363Format").run {
                initSign(pair.private)
                update(bytes)
                sign()
            }
        }

        private fun fixed(number: BigInteger): ByteArray = number.toByteArray().let { bytes ->
            ByteArray(32).also { out -> bytes.takeLast(32).toByteArray().let { it.copyInto(out, 32 - it.size) } }
        }
    }

    @TempDir
    lateinit var dir: Path

    @Test
    fun `the server takes what a platform key signed, and trouble with it loses nothing`() {
        Server.start("示例县", GRID).use { server ->
            val key = PlatformKey()
            Wangge.openWithKey(dir.toString(), databaseKey(), key).use { phone ->
                phone.enrol(server.invite("zhang.wei", "张伟", "GW", GRID), "手机")
                phone.newResident("王芳")
                assertEquals(1UL, phone.syncAll().sent)
                assertTrue(key.signed > 0)

                phone.newResident("李明")
                val troubles: List<() -> Nothing> = listOf(
                    { throw KeyException.Unavailable("locked") },
                    { throw IllegalStateException("locked") },
                    { throw OutOfMemoryError("locked") },
                )
                for (trouble in troubles) {
                    key.trouble = trouble
                    val error = assertThrows(WanggeException.Storage::class.java) { withoutTraces { phone.sync() } }
                    assertTrue("签名" in error.say().zh, error.say().zh)
                    assertEquals(1UL, phone.outbox().pending)
                }
                key.trouble = null
                assertEquals(1UL, phone.syncAll().sent)
            }
        }
    }

    @Test
    fun `a key that is gone keeps the data closed`() {
        val gone = object : DeviceKey {
            override fun publicKey(): ByteArray = throw KeyException.Unavailable("no such key")
            override fun sign(bytes: ByteArray): ByteArray = error("never asked")
        }
        val error = assertThrows(WanggeException.Storage::class.java) {
            Wangge.openWithKey(dir.toString(), databaseKey(), gone)
        }
        assertTrue("密钥不可用" in error.say().zh, error.say().zh)
        Wangge.open(dir.toString(), databaseKey()).close()
    }
}
