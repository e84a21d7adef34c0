"""A valid Factur-X invoice (EN 16931) of one book, for the checks beside it: 10.00 and 7 % make 10.70 euros."""

import datetime
import sys
from decimal import Decimal

from drafthorse.models.accounting import ApplicableTradeTax
from drafthorse.models.document import Document
from drafthorse.models.party import TaxRegistration
from drafthorse.models.payment import PaymentMeans, PaymentTerms
from drafthorse.models.tradelines import LineItem

NET, TAX, GROSS, RATE = Decimal("10.00"), Decimal("0.70"), Decimal("10.70"), Decimal("7.00")
DAY = datetime.date(2026, 11, 2)

invoice = Document()
invoice.context.guideline_parameter.id = "urn:cen.eu:en16931:2017"
invoice.header.id, invoice.header.type_code, invoice.header.issue_date_time = "2026-1", "380", DAY
agreement, settlement = invoice.trade.agreement, invoice.trade.settlement
for party, name in ((agreement.seller, "Atlas Press"), (agreement.buyer, "Reader Example")):
    party.name, party.address.country_id, party.address.city_name = name, "DE", "Berlin"
    party.address.postcode, party.address.line_one = "10115", "Example Street 1"
agreement.seller.tax_registrations.add(TaxRegistration(id=("VA", "DE136695976")))
invoice.trade.delivery.event.occurrence = DAY
settlement.currency_code = "EUR"
settlement.payment_means.add(PaymentMeans(type_code="48"))
settlement.terms.add(PaymentTerms(description="paid by card"))

line = LineItem()
line.document.line_id, line.product.name = "1", "Atlas"
line.agreement.net.amount, line.agreement.net.basis_quantity = NET, (Decimal(1), "C62")
line.delivery.billed_quantity = (Decimal(1), "C62")
line.settlement.trade_tax.type_code, line.settlement.trade_tax.category_code = "VAT", "S"
line.settlement.trade_tax.rate_applicable_percent = RATE
line.settlement.monetary_summation.total_amount = NET
invoice.trade.items.add(line)

tax = ApplicableTradeTax()
tax.calculated_amount, tax.basis_amount, tax.rate_applicable_percent = TAX, NET, RATE
tax.type_code, tax.category_code = "VAT", "S"
settlement.trade_tax.add(tax)
total = settlement.monetary_summation
total.line_total = total.tax_basis_total = NET
total.charge_total = total.allowance_total = Decimal(0)
total.tax_total, total.grand_total, total.due_amount = (TAX, "EUR"), GROSS, GROSS
sys.stdout.buffer.write(invoice.serialize(schema="FACTUR-X_EN16931"))
