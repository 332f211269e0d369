import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Calendar;
import java.util.List;
import org.apache.pdfbox.io.MemoryUsageSetting;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.ExternalSigningSupport;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.SignatureOptions;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.CMSTypedData;
import org.bouncycastle.cms.DefaultSignedAttributeTableGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * PDFBox with Bouncy Castle, doing the job of pdf_contenders.py: PAdES B-B, a file in, a file out.
 *
 * <pre>
 * sign FOLDER DOCUMENT RESULT REPETITIONS WARM_UPS WARM_UP_DOCUMENT
 * </pre>
 *
 * Prints one JSON object. With one repetition and no warm-up it shows what a single document costs from a cold start.
 */
public final class PdfBoxContender {
    private final PrivateKey key;
    private final X509Certificate certificate;

    private PdfBoxContender(Path folder) throws Exception {
        key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve("key.der"))));
        byte[] der = Files.readAllBytes(folder.resolve("certificate.der"));
        certificate = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
    }

    public static void main(String[] arguments) throws Exception {
        var contender = new PdfBoxContender(Path.of(arguments[1]));
        Path document = Path.of(arguments[2]);
        Path result = Path.of(arguments[3]);
        int repetitions = Integer.parseInt(arguments[4]);
        int warmUps = Integer.parseInt(arguments[5]);
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long before = peakKilobytes();
        for (int i = 0; i < warmUps; i++) {
            contender.sign(Path.of(arguments[6]), result);
        }
        var wall = new StringBuilder();
        var cpu = new StringBuilder();
        for (int i = 0; i < repetitions; i++) {
            Files.deleteIfExists(result);
            long beginCpu = system.getProcessCpuTime();
            long begin = System.nanoTime();
            contender.sign(document, result);
            wall.append(i == 0 ? "" : ", ").append((System.nanoTime() - begin) / 1e9);
            cpu.append(i == 0 ? "" : ", ").append((system.getProcessCpuTime() - beginCpu) / 1e9);
        }
        System.out.printf(
                "{\"wall\": [%s], \"cpu\": [%s], \"before_kb\": %d, \"peak_kb\": %d}%n", wall, cpu, before, peakKilobytes());
    }

    private void sign(Path source, Path target) throws Exception {
        var signature = new PDSignature();
        signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
        signature.setSubFilter(PDSignature.SUBFILTER_ETSI_CADES_DETACHED);
        signature.setSignDate(Calendar.getInstance());
        var options = new SignatureOptions();
        options.setPreferredSignatureSize(8192);
        try (var document = PDDocument.load(source.toFile(), MemoryUsageSetting.setupMainMemoryOnly());
                OutputStream out = Files.newOutputStream(target)) {
            document.addSignature(signature, options);
            ExternalSigningSupport external = document.saveIncrementalForExternalSigning(out);
            external.setSignature(contentInfo(external.getContent()));
        }
    }

    private byte[] contentInfo(InputStream content) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
        var reference = new SigningCertificateV2(new ESSCertIDv2[] {new ESSCertIDv2(hash)});
        var attributes = new ASN1EncodableVector();
        attributes.add(new Attribute(PKCSObjectIdentifiers.id_aa_signingCertificateV2, new DERSet(reference)));
        var signer = new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
                .setSignedAttributeGenerator(new DefaultSignedAttributeTableGenerator(new AttributeTable(attributes)));
        var generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(signer.build(new JcaContentSignerBuilder("SHA256withRSA").build(key), certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        return generator.generate(new Detached(content), false).getEncoded();
    }

    /** The byte range, read once. */
    private record Detached(InputStream content) implements CMSTypedData {
        @Override
        public ASN1ObjectIdentifier getContentType() {
            return PKCSObjectIdentifiers.data;
        }

        @Override
        public void write(OutputStream out) throws IOException, CMSException {
            content.transferTo(out);
        }

        @Override
        public Object getContent() {
            return content;
        }
    }

    /** What the kernel calls VmHWM and getrusage calls ru_maxrss; 0 where there is no /proc. */
    private static long peakKilobytes() throws Exception {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D+", ""));
            }
        }
        return 0;
    }
}
